"""The numbers where editors work: of a story, of the site as it is read, of a month, and a laboratory for rankings."""
