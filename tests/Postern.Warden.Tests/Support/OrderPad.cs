using System.Globalization;
using Postern.Reports.Errands;

namespace Postern.Warden.Tests;

/// <summary>Plays the steward's part: writes down what it is told, having read it as the steward reads it.</summary>
internal sealed class OrderPad : IErrands
{
    public List<ErrandOrder> Orders { get; } = [];

    public string[] Notes => [.. Orders.Select(Text)];

    public bool IsGone { get; set; }

    public bool TrySend(in ErrandOrder order)
    {
        if (IsGone)
            return false;
        var message = new byte[ErrandOrder.Size];
        order.Write(message);
        Assert.True(ErrandOrder.TryRead(message, out var read), "an order that no steward takes");
        Orders.Add(read);
        return true;
    }

    private static string Text(ErrandOrder order) => string.Create(
        CultureInfo.InvariantCulture,
        $"{order.Kind.ToString().ToLowerInvariant()} {order.Service} {order.Address}:{order.SourcePort} {order.Until.TotalSeconds} {order.Action} {order.Key} {order.Holder}").TrimEnd();
}
