"""What is recorded, and where it is kept.

`recording` says what a recording is, `readers` find them in a dataset's folders, `store` keeps
their prepared copies on disk, `folds` says who trains and who validates, by subject.  This room
knows no other room of the package.
"""
