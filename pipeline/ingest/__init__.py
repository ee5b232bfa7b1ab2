"""From files to feedbacks: found (discover), mapped (plan), streamed (read), masked and keyed (rows)."""
