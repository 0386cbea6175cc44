"""Which steps a study needs: a plan is made from the study and its data, and nothing is computed."""
