-- What is due is found without reading all that is not.
CREATE INDEX application_answered ON application (answered_at);
