-- What is due is found without reading all that is not. (The audit needs none: its content goes from the front.)

CREATE INDEX consent_given ON consent (given_at);
CREATE INDEX outbox_answered ON outbox (answered_at);
CREATE INDEX erasure_erased ON erasure (erased_at);
