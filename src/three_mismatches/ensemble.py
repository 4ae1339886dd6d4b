"""Many draws of a study on any executor."""
