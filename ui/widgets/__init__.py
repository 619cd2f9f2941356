"""What an operator sees and touches."""
