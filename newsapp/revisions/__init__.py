"""Nothing that is typed at the desk gets lost: revisions, unsaved text, who else is here, and two versions put together."""
