"""What must outlive a restart: tables, queries, migrations."""
