-- CAP messages as they were handed out, word for word.
CREATE TABLE cap (
    identifier TEXT PRIMARY KEY,
    incident   TEXT NOT NULL,
    sent       TEXT NOT NULL,        -- as the message writes it, because later ones repeat it letter by letter
    expires    INTEGER NOT NULL,
    body       TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX cap_expires ON cap (expires);
