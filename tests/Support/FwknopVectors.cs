using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Postern.Tests;

/// <summary>spec/vectors/fwknop: what the real fwknop made, and what it says of packets made by hand.</summary>
internal static class FwknopVectors
{
    public static JsonElement All { get; } = JsonDocument.Parse(File.ReadAllText(Path.Combine(FolderOf(), "fwknop.json"))).RootElement;

    public static TheoryData<string> Names(string kind) => [.. All.GetProperty(kind).EnumerateArray().Select(v => v.GetProperty("name").GetString()!)];

    public static JsonElement One(string kind, string name) => All.GetProperty(kind).EnumerateArray().Single(v => v.GetProperty("name").GetString() == name);

    public static string? Text(this JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.ToString() : null;

    /// <summary>The text of a key, or the bytes that its base64 means.</summary>
    public static byte[]? Key(this JsonElement element, string name) =>
        element.Text(name + "_text") is { } text ? System.Text.Encoding.Latin1.GetBytes(text)
        : element.Text(name + "_base64") is { } base64 ? Convert.FromBase64String(base64)
        : null;

    private static string FolderOf([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../spec/vectors/fwknop"));
}
