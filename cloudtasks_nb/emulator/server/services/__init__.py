"""What each REST method means."""
