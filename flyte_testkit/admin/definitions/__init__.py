"""Tasks, workflows and launch plans, and what is written about them."""
