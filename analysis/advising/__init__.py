"""When each applies: properties, rankings, regions and rules, all of them computed."""
