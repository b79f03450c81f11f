"""The commands of the API, one file each."""
