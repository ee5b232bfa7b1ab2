"""Problems of runs and of their data, remembered from run to run: who must be told what, and when."""
