using Postern.Cli.Gate;

namespace Postern.Cli.Tests.Gate;

public sealed class FileNamesTests
{
    /// <summary>As worked out by another program: a gate that is upgraded finds its files again.</summary>
    [Fact]
    public void A_configuration_keeps_its_name() => Assert.Equal("28514eeab037bd05", FileNames.Of("/etc/postern/postern.yaml"));

    [Fact]
    public void One_configuration_has_one_name_however_it_is_written() => Assert.Equal(FileNames.Of("/etc/postern/postern.yaml"), FileNames.Of("/etc/postern/../postern/./postern.yaml"));

    [Fact]
    public void Another_configuration_has_another() => Assert.NotEqual(FileNames.Of("/etc/postern/postern.yaml"), FileNames.Of("/etc/postern/other.yaml"));
}
