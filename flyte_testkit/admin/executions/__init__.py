"""How executions come to be, change, end and are told of."""
