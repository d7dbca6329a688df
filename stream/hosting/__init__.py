"""What every host does alike: intake, partitions, the steps of a round, the index's feed."""
