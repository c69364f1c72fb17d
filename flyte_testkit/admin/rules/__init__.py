"""What is checked of a request before anything is done with it."""
