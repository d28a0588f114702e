using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Postern.Cli.Commands;

namespace Postern.Cli.CommandLine;

/// <summary>
/// What <c>--json</c> prints, for every command alike: one object on one line, names in snake_case, nothing for what is not known, times in
/// milliseconds as numbers (<c>…_ms</c>), moments in RFC 3339. A type that a command prints is one line here.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(KnockReport))]
[JsonSerializable(typeof(KnockPreview))]
[JsonSerializable(typeof(SpaPreviewReport))]
[JsonSerializable(typeof(FwknopPreviewReport))]
[JsonSerializable(typeof(ProfileReport))]
[JsonSerializable(typeof(ProfileListReport))]
internal sealed partial class JsonShapes : JsonSerializerContext;

internal static class Json
{
    public static void WriteJson<T>(this TextWriter output, T value, JsonTypeInfo<T> shape) => output.WriteLine(JsonSerializer.Serialize(value, shape));
}
