using BenchmarkDotNet.Running;

BenchmarkSwitcher.FromAssembly(typeof(Postern.Benchmarks.DetectionBenchmarks).Assembly).Run(args);
