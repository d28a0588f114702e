using System.Text;
using Postern.Cli.Control;

namespace Postern.Cli.Tests.Control;

/// <summary>One line of JSON to a request: what each verb takes, and nothing else.</summary>
public sealed class RequestReaderTests
{
    [Theory]
    [InlineData("""{"verb":"status"}""")]
    [InlineData("""{"verb":"grants"}""")]
    [InlineData("""{"verb":"reload"}""")]
    [InlineData("""{"verb":"confirm"}""")]
    [InlineData("""{"verb":"apply"}""")]
    [InlineData("""{"verb":"apply","seconds":5}""")]
    [InlineData("""{"verb":"apply","seconds":3600}""")]
    [InlineData("""{"verb":"grant","service":"ssh","address":"192.0.2.7"}""")]
    [InlineData("""{"verb":"grant","service":"ssh","address":"2001:db8::7","seconds":2592000}""")]
    [InlineData("""{"verb":"revoke","service":"ssh","address":"192.0.2.7"}""")]
    [InlineData("""{"verb":"watch"}""")]
    [InlineData("""{"verb":"watch","address":"2001:db8::7"}""")]
    public void Reads(string line) => Assert.True(RequestReader.TryRead(Encoding.UTF8.GetBytes(line), out _, out _));

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"verb":null}""")]
    [InlineData("""{"verb":"Status"}""")]
    [InlineData("""{"verb":"status","verb":"grants"}""")]
    [InlineData("""{"verb":"status","seconds":1}""")]
    [InlineData("""{"verb":"status","user":"root"}""")]
    [InlineData("""{"verb":"status"} {"verb":"status"}""")]
    [InlineData("""{"verb":"reload","service":"ssh"}""")]
    [InlineData("""{"verb":"apply","seconds":4}""")]
    [InlineData("""{"verb":"apply","seconds":3601}""")]
    [InlineData("""{"verb":"apply","seconds":1e308}""")]
    [InlineData("""{"verb":"apply","seconds":"NaN"}""")]
    [InlineData("""{"verb":"grant","service":"ssh"}""")]
    [InlineData("""{"verb":"grant","service":"s\nopened service=x","address":"192.0.2.7"}""")]
    [InlineData("""{"verb":"grant","service":"a0123456789012345678901234567890123456789","address":"192.0.2.7"}""")]
    [InlineData("""{"verb":"grant","service":"ssh","address":"00000000000000000000000000000000000000000000000000000000000000000"}""")]
    [InlineData("""{"verb":"grant","service":"ssh","address":"192.0.2.7","seconds":0}""")]
    [InlineData("""{"verb":"grant","service":"ssh","address":"192.0.2.7","seconds":2592001}""")]
    [InlineData("""{"verb":"revoke","service":"ssh","address":"192.0.2.7","seconds":1}""")]
    [InlineData("""{"verb":"watch","service":"ssh"}""")]
    [InlineData("""{"verb":"watch","seconds":1}""")]
    [InlineData("""{"verb":"watch","address":"host"}""")]
    public void Refuses_and_says_so(string line)
    {
        Assert.False(RequestReader.TryRead(Encoding.UTF8.GetBytes(line), out _, out var failure));
        Assert.NotNull(failure);
    }

    [Fact]
    public void Only_three_verbs_only_look()
    {
        string[] verbs = ["status", "grants", "grant", "revoke", "reload", "apply", "confirm", "watch", "anything"];
        Assert.Equal(["status", "grants", "watch"], verbs.Where(v => RequestReader.OnlyReads(new(v))));
    }
}
