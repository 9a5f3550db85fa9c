"""The commands, by what they are about, and what they share: options, loading, progress, files."""
