# Unit tests of queue.
