-- Devices that log in with a certificate: the name in it.
ALTER TABLE device ADD COLUMN certificate TEXT;
