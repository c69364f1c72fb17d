"""The pytest plugin: fixtures, and failures that say what happened."""
