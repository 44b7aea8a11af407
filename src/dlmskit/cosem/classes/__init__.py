"""The interface classes of the Blue Book, one file per class. A new file here is found without being listed anywhere."""
