-- The short code on the customer's slip, hashed with the reference: who has code and document may see and erase.
ALTER TABLE application ADD COLUMN code_check BLOB CHECK (code_check IS NULL OR length(code_check) = 32);
