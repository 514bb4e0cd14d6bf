"""The kinds of accounts: how numbers were made, and how that is judged."""
