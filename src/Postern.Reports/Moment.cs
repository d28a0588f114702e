namespace Postern.Reports;

/// <summary>
/// "Now" as an argument. <paramref name="Uptime"/> runs evenly and is what ends grants; <paramref name="Wall"/> is what people read
/// and what hours of the day are judged by, and may jump.
/// </summary>
public readonly record struct Moment(TimeSpan Uptime, DateTimeOffset Wall);
