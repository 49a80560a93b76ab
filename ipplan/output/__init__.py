"""From values to what a person or a pipeline reads, one module a format or command; opens no files."""
