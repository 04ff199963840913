# Unit tests of mime.
