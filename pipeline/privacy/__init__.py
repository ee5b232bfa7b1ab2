"""Personal data: what is masked (`policy`), how it is found (`recognizers`, `engine`), and keyed hashes (`keys`)."""
