"""What the system tests, the durability judge and the bench share.  Python's standard library only."""
