"""The commands; each file one family of them."""
