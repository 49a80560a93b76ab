"""Programs for those who work on ipplan; none of them is part of what users install."""
