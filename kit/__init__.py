"""What the demonstration, the tests and the benchmarks share: throwaway authorities and certificates. [pure]"""
