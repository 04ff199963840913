# Unit tests of smtp.
