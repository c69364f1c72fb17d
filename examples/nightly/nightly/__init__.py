"""A nightly pipeline on Flyte, and the tools around it."""
