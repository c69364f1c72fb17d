"""What happens inside an execution: nodes, tasks, signals, and the metrics made of them."""
