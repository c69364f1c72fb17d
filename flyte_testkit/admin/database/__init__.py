"""What is remembered, and how a database compares and tells time."""
