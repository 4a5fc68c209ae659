"""What a name, a sum of money and a moment are: pure functions, used on every floor."""
