"""OzML: scripts in XML that control calls."""
