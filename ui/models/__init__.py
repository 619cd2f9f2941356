"""Qt models under the views: incremental, virtual, never all rows at once."""
