"""Numbers as people in India write them."""


def indian(number: int) -> str:
    """Digits grouped the Indian way: 325000 is `3,25,000`."""
    digits = str(abs(number))
    head, tail = digits[:-3], digits[-3:]
    pairs = [head[max(end - 2, 0) : end] for end in range(len(head), 0, -2)][::-1]
    return ("-" if number < 0 else "") + ",".join([*pairs, tail])
