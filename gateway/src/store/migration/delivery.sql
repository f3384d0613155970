-- What became of one message is asked again and again while it goes out.
CREATE INDEX delivery_identifier ON delivery (identifier);
