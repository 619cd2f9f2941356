"""What people do, and who they are: roles, reviews, alarms, and the audit trail."""
