"""How Go reads and prints what Python would read and print otherwise."""
