"""A fake Flyte backend that lives inside the test process."""
