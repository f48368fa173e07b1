"""The record of every look at personal data: append-only, each entry chained to the one before.

    a look -> `record`, in the transaction that allows it -> rows -> `mitra audit` computes the chain anew

Entries name the person by id and the fields by name; they hold no personal data themselves.
"""
