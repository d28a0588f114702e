using System.Security.Cryptography;

namespace Postern.Fuzz.Engine;

/// <param name="Target">Whose parser it is.</param>
/// <param name="Kind">The same for findings that are the same.</param>
/// <param name="What">All that is known.</param>
/// <param name="Input">What did it.</param>
public sealed record Finding(string Target, string Kind, string What, byte[] Input)
{
    public string FileName => $"{Target}--{Convert.ToHexStringLower(SHA256.HashData(Input))[..12]}";

    public static Finding Of(Target target, Exception e, byte[] input)
    {
        var place = e.StackTrace?.Split('\n').FirstOrDefault(l => l.Contains("Postern.", StringComparison.Ordinal) && !l.Contains("Oracle.", StringComparison.Ordinal))?.Trim() ?? "";
        var kind = e is OracleException ? e.Message.Split(':')[0] : $"{e.GetType().Name} {place}";
        return new(target.Name, kind, e.ToString(), input);
    }
}
